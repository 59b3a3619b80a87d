/** The matrix of win rates: a row against a column, with interval and n; too few comparisons are greyed. */
import { For, Show } from 'solid-js';
import { FEWEST, tooFew } from '../../components/win-rate.tsx';
import { percent, percentRange } from '../../text/format.ts';
import { BASE, compareByScore, compareWithBase, mirrored, systemsOf, type Cell } from './matrix.ts';
import type { Read } from './read-experiments.ts';

interface MatrixTableProps {
  readonly experiments: readonly Read[];
  readonly judge: string;
  readonly lengthControlled: boolean;
  readonly onOpen: (row: string, column: string) => void;
}

export function MatrixTable(props: MatrixTableProps) {
  const systems = () => systemsOf(props.experiments, props.judge);
  const cell = (row: string, column: string): Cell | undefined => {
    const experiment = props.experiments.find(({ id }) => id === row);
    if (experiment && column === BASE) return compareWithBase(experiment, props.judge);
    const other = props.experiments.find(({ id }) => id === column);
    if (other && row === BASE) {
      const found = compareWithBase(other, props.judge);
      return found && mirrored(found);
    }
    const [own, their] = [row, column].map((id) => systems().find((system) => system.id === id));
    return own && their ? compareByScore(own, their) : undefined;
  };
  return (
    <>
      <p class="small muted">
        How often the row is preferred to the column, judge {props.judge}
        {props.lengthControlled ? ', at equal length' : ''}; 95 % intervals.
      </p>
      <div
        class="panel flush scroll"
        tabindex="0"
        role="region"
        aria-label={`Win rates, judge ${props.judge}`}
      >
        <table class="matrix cards">
          <thead>
            <tr>
              <th scope="col">System</th>
              <For each={systems()}>{({ name }) => <th scope="col">against {name}</th>}</For>
            </tr>
          </thead>
          <tbody>
            <For each={systems()}>
              {(row) => (
                <tr>
                  <th scope="row">{row.name}</th>
                  <For each={systems()}>
                    {(column) => (
                      <Show when={row.id !== column.id} fallback={<td class="muted self">–</td>}>
                        <MatrixCell
                          cell={cell(row.id, column.id)}
                          lengthControlled={props.lengthControlled}
                          onOpen={() => props.onOpen(row.id, column.id)}
                          against={`against ${column.name}`}
                          label={`Read ${row.name} beside ${column.name}`}
                        />
                      </Show>
                    )}
                  </For>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </div>
    </>
  );
}

interface MatrixCellProps {
  readonly cell: Cell | undefined;
  readonly lengthControlled: boolean;
  readonly onOpen: () => void;
  /** Its column, where a row is a card. */
  readonly against: string;
  readonly label: string;
}

function MatrixCell(props: MatrixCellProps) {
  const shown = () => {
    const { cell } = props;
    if (!cell) return undefined;
    const { won, lengthControlled } = cell;
    if (!props.lengthControlled) return { n: won.n, rate: won.rate, range: won.interval };
    return lengthControlled ? { n: won.n, rate: lengthControlled.rate, range: lengthControlled } : undefined;
  };
  return (
    <Show
      when={shown()}
      fallback={
        <td class="muted small" data-label={props.against}>
          {props.cell ? 'lengths differ alike: cannot be told' : 'no prompt in common for this judge'}
        </td>
      }
    >
      {(found) => (
        <td classList={{ few: found().n < FEWEST }} data-label={props.against}>
          <div>
            <strong>{percent(found().rate)}</strong>{' '}
            <span class="tiny muted nowrap">
              [{percentRange(found().range)}], n = {found().n}
            </span>
            <Show when={found().n < FEWEST}>
              <div class="tiny">{tooFew(found().n)}</div>
            </Show>
            <div>
              <button type="button" class="button small" aria-label={props.label} onClick={props.onOpen}>
                Read
              </button>
            </div>
          </div>
        </td>
      )}
    </Show>
  );
}
