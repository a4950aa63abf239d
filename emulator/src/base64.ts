const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Whether a text is base64 of at least one byte, with its padding, as access keys are. */
export const isBase64 = (text: string): boolean => text !== '' && BASE64.test(text);
