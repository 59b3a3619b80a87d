/** The option that chooses the settings of an alignment. */
import { Option } from '@commander-js/extra-typings';
import { SCALES } from '../../../shared/planner/alignment-settings.ts';

export const scaleOption = () =>
  new Option('--scale <scale>', 'small: minutes on two cores, for the bundled model; full: under 40 minutes')
    .choices(SCALES)
    .default('small' as const);
