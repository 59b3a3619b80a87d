/** The table of experiments, of cards on a phone: only the rows in view are in the document, however many there are. */
import { createVirtualizer } from '@tanstack/solid-virtual';
import { createEffect, For, on, Show, type Accessor } from 'solid-js';
import { isNarrow } from '../../app/narrow.ts';
import type { Experiment } from '../../app/types.ts';
import { PinIcon } from '../../components/icons.tsx';
import type { Column } from './columns.tsx';
import { visibleName } from '../../text/visible-text.ts';

/** As the style sheet has them. */
const ROW_PIXELS = 46;
const CARD_PIXELS = 148;

interface TableProps {
  readonly rows: readonly Experiment[];
  readonly columns: readonly Column[];
  readonly sort: string;
  readonly descending: boolean;
  readonly onSort: (column: string) => void;
  readonly selected: ReadonlySet<string>;
  readonly onSelect: (id: string, selected: boolean) => void;
  readonly baseline: Experiment | undefined;
  readonly onPin: (id: string | undefined) => void;
}

function Head(props: TableProps) {
  const direction = (id: string) => {
    if (id !== props.sort) return undefined;
    return props.descending ? 'descending' : 'ascending';
  };
  return (
    <thead>
      <tr>
        <th scope="col">
          <span class="sr-only">Select</span>
        </th>
        <For each={props.columns}>
          {(column) => (
            <th scope="col" class={column.number ? 'number' : ''} aria-sort={direction(column.id)}>
              <button type="button" class="sort" onClick={() => props.onSort(column.id)}>
                {column.label}
                <span aria-hidden="true">
                  {column.id === props.sort ? (props.descending ? ' ↓' : ' ↑') : ''}
                </span>
              </button>
            </th>
          )}
        </For>
        <th scope="col">
          <span class="sr-only">Baseline</span>
        </th>
      </tr>
    </thead>
  );
}

export function ExperimentsTable(props: TableProps) {
  let scroller: HTMLDivElement | undefined;
  const virtual = createVirtualizer({
    get count() {
      return props.rows.length;
    },
    getScrollElement: () => scroller ?? null,
    estimateSize: () => (isNarrow() ? CARD_PIXELS : ROW_PIXELS),
    overscan: 12,
  });
  createEffect(on(isNarrow, () => virtual.measure(), { defer: true }));
  const items = () => virtual.getVirtualItems();
  const before: Accessor<number> = () => items()[0]?.start ?? 0;
  const after = () => virtual.getTotalSize() - (items().at(-1)?.end ?? 0);
  return (
    <div
      class="scroll tall panel flush"
      tabindex="0"
      role="region"
      aria-label="Experiments"
      ref={(element) => {
        scroller = element;
      }}
    >
      <table class="experiments" aria-rowcount={props.rows.length + 1}>
        <Head {...props} />
        <tbody>
          <Spacer pixels={before()} />
          <For each={items()}>
            {(item) => (
              <Show when={props.rows[item.index]}>
                {(row) => <Row {...props} row={row()} index={item.index} />}
              </Show>
            )}
          </For>
          <Spacer pixels={after()} />
        </tbody>
      </table>
    </div>
  );
}

function Spacer(props: { readonly pixels: number }) {
  return (
    <Show when={props.pixels > 0}>
      <tr aria-hidden="true">
        <td style={{ height: `${props.pixels}px`, padding: props.pixels > 0 ? '0' : '' }} />
      </tr>
    </Show>
  );
}

function Row(props: TableProps & { readonly row: Experiment; readonly index: number }) {
  const isBaseline = () => props.baseline?.id === props.row.id;
  return (
    <tr aria-rowindex={props.index + 2} class={isBaseline() ? 'pinned' : ''}>
      <td>
        <input
          type="checkbox"
          aria-label={`Select ${visibleName(props.row.name)}`}
          checked={props.selected.has(props.row.id)}
          onChange={(event) => props.onSelect(props.row.id, event.currentTarget.checked)}
        />
      </td>
      <For each={props.columns}>
        {(column) => (
          <td class={column.number ? 'number' : 'nowrap'} data-column={column.id}>
            {column.cell(props.row, props.baseline)}
          </td>
        )}
      </For>
      <td>
        <button
          type="button"
          class="button quiet small"
          aria-pressed={isBaseline()}
          aria-label={`Baseline: ${visibleName(props.row.name)}`}
          title={isBaseline() ? 'The others are compared with this one' : 'Compare the others with this one'}
          onClick={() => props.onPin(isBaseline() ? undefined : props.row.id)}
        >
          <PinIcon />
        </button>
      </td>
    </tr>
  );
}
