/** Memory plans: the planner that runners refuse by, as a call. */
import type { memoryPlanEndpoints } from '../../shared/api/memory-plans.ts';
import { planMemory, refusal, suggestions } from '../../shared/planner/plan.ts';
import type { Handlers } from '../http/handler.ts';

export const memoryPlanHandlers: Handlers<typeof memoryPlanEndpoints> = {
  async planMemory({ body: { device, model, workload, memoryBytes = Infinity } }) {
    const { parts, total } = planMemory(device, model, workload);
    const fault = refusal(device, model, workload, memoryBytes);
    const changes = fault === null ? [] : suggestions(device, model, workload, memoryBytes);
    return {
      body: {
        device,
        parts,
        totalBytes: total,
        refusal: fault,
        suggestions: changes.map(({ change }) => change),
      },
    };
  },
};
