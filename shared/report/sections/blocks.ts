/** What a section is made of. Every text is plain: renderers escape it. */

export interface Table {
  readonly kind: 'table';
  readonly caption: string;
  readonly head: readonly string[];
  /** The first cell names the row. */
  readonly rows: readonly (readonly string[])[];
  /** By row and column (the first left out): -1 to 1, how far a cell lies to one side; null for no colour. */
  readonly shades?: readonly (readonly (number | null)[])[];
}

/** Shares with intervals, one line each. */
export interface IntervalPlot {
  readonly kind: 'interval-plot';
  readonly caption: string;
  readonly label: string;
  /** Where a line stands for "no difference". */
  readonly reference: number;
  /** In per cent. */
  readonly rows: readonly {
    readonly name: string;
    readonly value: number;
    readonly lower: number;
    readonly upper: number;
    /** The same for each seed. */
    readonly marks: readonly number[];
  }[];
}

/** One heat map a panel; coefficient by steps. */
export interface HeatMaps {
  readonly kind: 'heat-maps';
  readonly caption: string;
  readonly panels: readonly {
    readonly name: string;
    readonly cells: readonly {
      readonly row: string;
      readonly column: string;
      readonly value: number;
      readonly lines: readonly [string, string];
    }[];
  }[];
}

/** Lines from 0 through points in the plane, each named by a letter at its points: nothing depends on colours. */
export interface CurvePlot {
  readonly kind: 'curve-plot';
  readonly caption: string;
  readonly x: string;
  readonly y: string;
  /** Where a line across stands for "no difference", and every curve begins. */
  readonly reference: number;
  /** Where lines up stand for what is compared there. */
  readonly marks: readonly number[];
  readonly curves: readonly {
    readonly letter: string;
    readonly points: readonly { readonly x: number; readonly y: number }[];
  }[];
}

/** Bars of a mean with its standard deviation to both sides. */
export interface SpreadPlot {
  readonly kind: 'spread-plot';
  readonly caption: string;
  readonly label: string;
  readonly rows: readonly { readonly name: string; readonly mean: number; readonly deviation: number }[];
}

interface Paragraph {
  readonly kind: 'text';
  readonly text: string;
}

/** A command or data, letter by letter. */
interface Code {
  readonly kind: 'code';
  readonly text: string;
}

/** What models wrote to one prompt. */
export interface Responses {
  readonly kind: 'responses';
  readonly prompt: string;
  readonly responses: readonly { readonly system: string; readonly text: string }[];
}

/** Shown on demand. */
interface Folded {
  readonly kind: 'folded';
  readonly summary: string;
  readonly block: Table | Code;
}

export type Block =
  Table | IntervalPlot | CurvePlot | HeatMaps | SpreadPlot | Paragraph | Code | Responses | Folded;

export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}
