import { mount } from 'svelte';
import './styles/fonts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';
import Shell from './Shell.svelte';
import { listen, router } from './router.svelte';
import { language } from './stores/language.svelte';
import { node } from './stores/node.svelte';
import { session } from './stores/session.svelte';

listen();
void session.load();
void node.load();
void router.route.load().catch(() => undefined); // its file comes while the words do; the page says what fails
await language.start();
mount(Shell, { target: document.getElementById('app')! });
setTimeout(() => void import('./styles/fonts-chinese'), 3000); // names in the data may be Chinese in any language
