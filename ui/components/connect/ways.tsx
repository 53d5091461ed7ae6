import type { AccessType } from '../../../domain/access-type.ts';
import type { ConnectSession } from '../../../api/schemas/connect.ts';
import type { SignIn } from '../../../api/schemas/sign-in.ts';
import { useWords } from './speaking.tsx';

interface WaysProps {
  session: ConnectSession;
  ways: readonly SignIn[];
  onChoose: (accessType: AccessType) => void;
}

/** The accesses that an account can change to, a large button each. */
export function Ways({ session, ways, onChoose }: WaysProps) {
  const { words } = useWords();
  const { choice, change } = words;
  return (
    <ul className="ways">
      {ways.map(({ access_type: type, label, hint }) => (
        <li key={type}>
          <button type="button" className="way" onClick={() => onChoose(type)}>
            <strong>{label}</strong>
            <span className="meta">
              {type === session.channel?.access_type ? change.sameKind : (choice.hints[type] ?? hint)}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
