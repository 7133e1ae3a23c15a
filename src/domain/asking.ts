/**
 * Pure work that asks for what it lacks, in sets, and goes on with the answer: one body for engines that
 * answer at once and for those that have to wait.
 */
export type Asking<Question, Answer, Result> = Generator<Question, Result, Answer>;

/** The result, where every answer is there at once. */
export function answered<Question, Answer, Result>(
  work: Asking<Question, Answer, Result>,
  answer: (question: Question) => Answer,
): Result {
  let step = work.next();
  while (step.done !== true) step = work.next(answer(step.value));
  return step.value;
}

/** The result, where answers take their time. */
export async function answeredLater<Question, Answer, Result>(
  work: Asking<Question, Answer, Result>,
  answer: (question: Question) => Promise<Answer>,
): Promise<Result> {
  let step = work.next();
  while (step.done !== true) step = work.next(await answer(step.value));
  return step.value;
}
