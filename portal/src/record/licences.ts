/** Licences that data is usually given under, by their SPDX identifiers. */
export const LICENCES = ['CC-BY-4.0', 'CC0-1.0', 'CC-BY-SA-4.0', 'CC-BY-NC-4.0', 'ODbL-1.0', 'LicenseRef-restricted'] as const;
