/** What a finding means and what to do about it, in the language of the page where it is known. */
import type { Finding } from '../api/dataset';
import { language, number, t } from '../stores/language.svelte';

type Words = Record<string, [meaning: string, todo: string]>;

let chinese: Words = $state.raw({});
let asked = false;

/** Words of `finding`: the node's own are English. */
export function findingWords(finding: Finding): { meaning: string; todo: string } {
  const told = { meaning: finding.meaning || finding.message || finding.code, todo: plainTodo(finding.todo) };
  if (language.code !== 'zh') return told;
  load();
  const [meaning, todo] = chinese[finding.code] ?? [];
  if (!meaning) return told;
  const words = meaning.replace('{count}', number(finding.count ?? 1));
  return { meaning: finding.message ? `${words}：${finding.message}` : words, todo: todo ?? '' };
}

/** "Nothing" is nothing to tell, and options of a command are not for a page. */
function plainTodo(todo = ''): string {
  if (todo.includes('--crs')) return t('record.state-crs');
  return todo === 'nothing' ? '' : todo;
}

function load(): void {
  if (asked) return;
  asked = true;
  void import('./findings-chinese').then((file) => (chinese = file.CHINESE));
}
