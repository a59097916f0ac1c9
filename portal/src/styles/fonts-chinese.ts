/** Chinese has so many characters that their list alone is as long as all else; it comes when the page stands. */
import '@fontsource/noto-sans-sc/400.css';
import '@fontsource/noto-sans-sc/600.css';
