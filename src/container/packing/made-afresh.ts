/** The note of a plan of layers that keeps nothing of the previous build, and why. */
export function madeAfresh(why: string): string {
  return `the plan of layers is made afresh: ${why}`;
}
