/** Processes by what they are about. */
import type { ProcessSummary } from '../api/processes';
import { t, told } from '../stores/language.svelte';

export interface Group {
  topic: string;
  processes: ProcessSummary[];
}

/** The topic of a process is the start of its name. */
export function topicOf(id: string): string {
  return id.split('.')[0] ?? id;
}

export function topicWords(topic: string): string {
  const key = `process-topic.${topic}`;
  const plain = topic.replace(/_/g, ' ');
  return told(key) ? t(key) : plain.charAt(0).toUpperCase() + plain.slice(1);
}

export function byTopic(processes: ProcessSummary[]): Group[] {
  const groups = new Map<string, ProcessSummary[]>();
  for (const one of processes) groups.set(topicOf(one.id), [...(groups.get(topicOf(one.id)) ?? []), one]);
  return [...groups].map(([topic, list]) => ({ topic, processes: list })).sort((a, b) => topicWords(a.topic).localeCompare(topicWords(b.topic)));
}

/** Whether all of `words` stand in what is told of a process, in any case. */
export function holds(process: ProcessSummary, words: string): boolean {
  const text = [process.id, process.title, process.description, topicWords(topicOf(process.id)), ...(process.keywords ?? [])].join(' ').toLowerCase();
  return words.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** First sentence of the words of a process. */
export function inShort(process: ProcessSummary): string {
  const paragraph = (process.description ?? '').split('\n\n')[0] ?? '';
  return /^.*?(?:\.(?=\s|$)|。)/s.exec(paragraph)?.[0] ?? paragraph;
}
