/** What the command line decides. */
import type { ExportForm, Quantisation } from '../../../shared/export/forms.ts';

export interface ExportOptions {
  readonly to: ExportForm;
  readonly out: string;
  readonly quantise: Quantisation;
  readonly stage?: string | undefined;
  readonly artifact?: string | undefined;
  readonly data?: string | undefined;
  readonly edge?: string | undefined;
}
