/** What the parts of the page share: the stage once it is there, and what is open. */
import type { Director } from './director.svelte';
import type { Stage } from './stage';

class Desk {
  stage: Stage | null = $state.raw(null);
  director: Director | null = $state.raw(null);
  panel: 'layers' | 'cuts' = $state('layers');
  /** How much of a phone's screen the panel takes. */
  sheet: 'low' | 'half' | 'full' = $state('low');
  /** Azimuth that the view looks from, for the compass. */
  azimuth = $state(155);
  adding = $state(false);
}

export const desk = new Desk();
