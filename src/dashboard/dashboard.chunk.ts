// A separate bundle file, loaded on first use of the page. The build makes both texts from page/.
export { script, style } from 'dashboard:page';
