/** Packs to begin with: an empty one, and one from the columns of a dataset. */
import { columnsOf, columnTitle, isNumber, said } from '../api/dataset';
import type { Attribute, Direction, Grade, Pack, Score, Support, Texts } from '../api/packs';
import { kindOf, titleOf } from '../api/records';
import type { Column, DatasetRecord } from '../api/types';
import { free, identifierOf } from './naming';

/** Colours of five grades, told apart without red and green. */
const COLOURS = ['#b2182b', '#ef8a62', '#fddbc7', '#92c5de', '#2166ac'];

const GRADES: [string, string][] = [['Very low', '很低'], ['Low', '低'], ['Medium', '中'], ['High', '高'], ['Very high', '很高']];

export function both(words: string): Texts {
  return { en: words, zh: words };
}

export function evenGrades(count = GRADES.length): Grade[] {
  return GRADES.slice(0, count).map(([en, zh], at) => ({ title: { en, zh }, from_score: at / count, colour: COLOURS[at] ?? '#888888' }));
}

/** What a kind of dataset is evaluated as. */
export function supportOf(record: DatasetRecord): Support {
  const kind = kindOf(record);
  return kind === 'grid' || kind === 'volume' ? kind : 'table';
}

export function emptyPack(): Pack {
  return {
    id: 'my-evaluation',
    version: '1',
    title: { en: '', zh: '' },
    question: { en: '', zh: '' },
    description: { en: '', zh: '' },
    limits: { en: '', zh: '' },
    goal: 'overall',
    attributes: {},
    indicators: {},
    criteria: { overall: { title: { en: 'Overall', zh: '综合' }, parts: [] } },
    grades: evenGrades(),
  };
}

/** Columns of a dataset that hold measured numbers. */
export function measuredOf(record: DatasetRecord): Column[] {
  return columnsOf(record).filter((column) => isNumber(column) && !/^(longitude|latitude|easting|northing)$/i.test(column.quantity ?? column.name) && !NAMING.test(column.name));
}

const NAMING = /(^|[_\s.-])(id|fid|gid|oid|objectid|no|nr)$|^(x|y|lon|lat|longitude|latitude|easting|northing|index)$/i;

/** An attribute of a column: by its name, or by the name that it has in the data. */
export function attributeOf(column: Column, ids: Iterable<string>): [string, Attribute] {
  const id = free(identifierOf(column.name, 'column'), ids);
  const attribute: Attribute = { title: both(columnTitle(column)), unit: column.unit || '1' };
  if (id !== column.name) attribute.columns = [column.name];
  return [id, attribute];
}

/** An indicator that is an attribute as it is. */
export function indicatorOfAttribute(id: string, attribute: Attribute, direction: Direction): Pack['indicators'][string] {
  const score: Score = { method: 'linear' };
  return { title: { ...attribute.title }, formula: id, unit: attribute.unit || '1', direction, score };
}

/** The run that made a dataset; nothing of one that was added. */
export function runOf(record: DatasetRecord): { process: string; output?: string } | undefined {
  return said<{ run?: { process: string; output?: string } }>(record, 'lineage')?.run;
}

/** Columns of words that name a unit, the likeliest first. */
function labelsOf(record: DatasetRecord): string[] {
  const words = columnsOf(record).filter((column) => /^(str|string|text|object|utf8|large_string)/.test(column.type)).map((column) => column.name);
  return [...words.filter((name) => TELLING.test(name)), ...words].slice(0, 1);
}

const TELLING = /name|title|label|parcel|plot|site|district|名称|地块|编号/i;

export interface Chosen {
  column: Column;
  direction: Direction;
}

/** A pack that weighs some columns of a dataset alike, from the lowest to the highest number of each. */
export function packOfDataset(record: DatasetRecord, chosen: Chosen[]): Pack {
  const pack = emptyPack();
  const title = titleOf(record);
  for (const { column, direction } of chosen) {
    const [id, attribute] = attributeOf(column, Object.keys(pack.attributes));
    pack.attributes[id] = attribute;
    pack.indicators[id] = indicatorOfAttribute(id, attribute, direction);
    pack.criteria.overall?.parts.push(id);
  }
  const id = identifierOf(title, 'my_evaluation').replace(/_/g, '-');
  const labels = labelsOf(record);
  const names = chosen.map(({ column }) => columnTitle(column)).join(', ');
  return {
    ...pack,
    id: pack.criteria[id] ? `${id}-evaluation` : id,
    title: { en: `Evaluation of ${title}`, zh: `${title}评价` },
    question: { en: 'Which units are best, and why?', zh: '哪些单元最优？原因何在？' },
    description: { en: `A first evaluation by ${names}, all weighing alike.`, zh: `按${names}等权作初步评价。` },
    limits: {
      en: 'Scores run from the worst to the best unit of these data, so they compare units of this dataset only. Thresholds and weights are a beginning, to be replaced by people who know the subject.',
      zh: '得分以本数据中最差与最优单元为界，仅可比较本数据集内的单元。阈值与权重仅为起点，应由专业人员替换。',
    },
    supports: [supportOf(record)],
    ...(labels.length ? { label: labels } : {}),
  };
}
