/** Takes no room on a page: white space, marks of direction, joiners and the fillers that pass for letters. */
const INVISIBLE = /[\s\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\u2800]/gu;

/** A subject as a list shows it; one that shows nothing is none. Put it into a `bdi`: it may hold marks of direction. */
export function subjectWords(subject: string | null): string {
  return subject !== null && subject.replaceAll(INVISIBLE, '') !== '' ? subject : 'No subject';
}
