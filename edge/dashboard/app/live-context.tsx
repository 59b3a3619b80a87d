/** Gives every page the live connection's state and the experiments that just changed. */
import { useQueryClient } from '@tanstack/solid-query';
import { createContext, onCleanup, useContext, type ParentProps } from 'solid-js';
import { connectLive, type Live } from './live.ts';
import { createRefresh, type Refresh } from './refresh.ts';
import { useSession } from './session.ts';

interface LiveContext {
  readonly state: Live['state'];
  readonly changed: Refresh['changed'];
}

const Context = createContext<LiveContext>();

export function LiveProvider(props: ParentProps) {
  const queryClient = useQueryClient();
  const refresh = createRefresh(queryClient);
  const live = connectLive({
    client: useSession().client,
    onEvent: refresh.onEvent,
    onOpen: refresh.onOpen,
  });
  onCleanup(() => {
    live.close();
    refresh.stop();
    // What one person has read is none of the next one's.
    queryClient.clear();
  });
  return (
    <Context.Provider value={{ state: live.state, changed: refresh.changed }}>
      {props.children}
    </Context.Provider>
  );
}

export function useLive(): LiveContext {
  const found = useContext(Context);
  if (!found) throw new Error('this page needs the live connection');
  return found;
}
