import { mount } from 'svelte';
import './styles/fonts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';
import Shell from './Shell.svelte';
import { listen } from './router.svelte';
import { language } from './stores/language.svelte';
import { node } from './stores/node.svelte';
import { session } from './stores/session.svelte';

listen();
void session.load();
void node.load();
await language.start();
mount(Shell, { target: document.getElementById('app')! });
void import('./styles/fonts-chinese');
