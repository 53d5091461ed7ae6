import type { AccessType } from '../../../domain/access-type.ts';
import type { ConnectSession } from '../../../api/schemas/connect.ts';
import type { SignIn } from '../../../api/schemas/sign-in.ts';
import { Notice } from '../notice.tsx';
import { useWords } from './speaking.tsx';
import { WayIn } from './access/way-in.tsx';

interface ChoiceProps {
  link: string;
  session: ConnectSession;
  ways: readonly SignIn[];
  chosen: AccessType | null;
  onChoose: (accessType: AccessType) => void;
}

/** Which kind of account it is (asked only if there is a choice), what will happen, then the ways to sign in. */
export function SignInChoice({ link, session, ways: offered, chosen, onChoose }: ChoiceProps) {
  const { words } = useWords();
  const way = offered.length === 1 ? offered[0] : offered.find(({ access_type: type }) => type === chosen);
  return (
    <>
      {offered.length === 0 && <Notice tone="bad">{words.choice.noneOffered}</Notice>}
      {offered.length > 1 && (
        <fieldset className="choices">
          <legend>{words.choice.whichAccount}</legend>
          {offered.map(({ access_type: type, label, hint }) => (
            <label key={type} className="choice">
              <input type="radio" name="access-type" checked={type === chosen} onChange={() => onChoose(type)} />
              <span>
                <strong>{label}</strong>
                <span className="meta">{words.choice.hints[type] ?? hint}</span>
              </span>
            </label>
          ))}
        </fieldset>
      )}
      {way && <WayIn key={way.access_type} link={link} session={session} way={way} />}
    </>
  );
}
