/** How well others can find, reach, join and use a dataset (FAIR), as far as its record tells. */
import { columnsOf, licenceOf, partiesOf, said, type Finding, type Lineage } from '../api/dataset';
import { descriptionOf, kindOf, titleOf } from '../api/records';
import type { DatasetRecord } from '../api/types';

export interface Check {
  /** Name in the words of the page: `fair.NAME` and, what to do, `fair-do.NAME`. */
  name: string;
  good: boolean;
  /** Whether it is mended by what a manager may say on this page. */
  editable: boolean;
  /** What it is about, such as columns without a unit. */
  detail?: string;
}

const SHORT = 40;

export function checksOf(record: DatasetRecord): Check[] {
  const kind = kindOf(record);
  const lineage = said<Lineage>(record, 'lineage') ?? {};
  const unitless = (said<Finding[]>(record, 'findings') ?? []).filter(({ code }) => /^unit-(missing|unknown|implausible)$/.test(code));
  const owners = partiesOf(record).filter((party) => party.role !== 'source');
  const placed = kind === 'document' ? [] : [check('place', Boolean(record.bbox)), check('crs', Boolean(said<string>(record, 'crs')))];
  const measured = kind === 'document' || !columnsOf(record).length ? [] : [{ ...check('units', !unitless.length), detail: unitless.map((finding) => finding.message).join(', ') }];
  return [
    check('title', isTitle(titleOf(record)), true),
    check('description', descriptionOf(record).length >= SHORT, true),
    check('keywords', Boolean(record.properties.keywords?.length), true),
    check('identifier', hasIdentifier(record)),
    check('licence', isLicence(licenceOf(record)), true),
    check('owner', owners.length > 0),
    ...placed,
    ...measured,
    check('provenance', Boolean(lineage.run ?? lineage.files?.length)),
  ];
}

function check(name: string, good: boolean, editable = false): Check {
  return { name, good, editable };
}

/** A title is of words; the name of a file, such as `sample_collars_2`, is none. */
function isTitle(title: string): boolean {
  return /\s/.test(title.trim()) || /[\u3040-\u9fff\u0e00-\u109f\u1780-\u17ff]/.test(title);
}

function isLicence(licence: string): boolean {
  return Boolean(licence) && !/^(other|various|proprietary)$/i.test(licence);
}

function hasIdentifier(record: DatasetRecord): boolean {
  const cited = record.links?.some((link) => link.rel === 'cite-as');
  return Boolean(cited ?? false) || Boolean(record.properties['sci:doi'] ?? record.properties.externalIds);
}
