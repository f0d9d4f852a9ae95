/**
 * Gives this thread a real-time priority (sched_setscheduler(2)), for which Node has no call. A link is as
 * fast on a busy machine as on an idle one, and a nice value does not help against other sessions.
 */
import koffi from 'koffi';

const THIS_THREAD = 0;
/** Round robin; it goes before all ordinary processes. */
const SCHED_RR = 2;
const LOWEST_PRIORITY = 1;

/** False if this user may not: only root may. */
export function becomeRealTime(): boolean {
  const setScheduler = koffi
    .load(null)
    .func('int sched_setscheduler(int pid, int policy, const int *priority)');
  return setScheduler(THIS_THREAD, SCHED_RR, [LOWEST_PRIORITY]) === 0;
}
