// A chunk of its own: the page is loaded when somebody looks at it. The build makes both texts from page/.
export { script, style } from 'dashboard:page';
