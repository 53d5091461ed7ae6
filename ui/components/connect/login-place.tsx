import { NativeSelect, TextInput } from '@mantine/core';
import type { SignIn } from '../../../api/schemas/sign-in.ts';
import { useWords } from './speaking.tsx';

type Logins = NonNullable<SignIn['oauth'][number]['logins']>;

/** What a person has chosen; `place` is empty where the account is known, and signs in where it did. */
export interface LoginEntry {
  place: string;
  address: string;
}

/** The choice of an own address, whose field then shows. */
const OWN = 'own';

/** As the authorize call takes it; absent: the usual place, or that of the account. */
export const loginOf = ({ place, address }: LoginEntry): string | undefined =>
  (place === OWN ? address.trim() : place) || undefined;

/** An own address was chosen and is not entered yet. */
export const lacksAddress = ({ place, address }: LoginEntry): boolean => place === OWN && address.trim() === '';

interface PlaceProps {
  logins: Logins;
  entry: LoginEntry;
  /** The account is known: it signs in where it did, unless the person chooses. */
  known: boolean;
  /** The address was no address of the provider. */
  wrong: boolean;
  onChange: (entry: LoginEntry) => void;
}

/** A domain has its name besides, by which a person knows whether it is theirs. */
const labelOf = (words: string, kind: Logins['places'][number]['kind'], url: string): string =>
  kind === 'domain' ? `${words}: ${new URL(url).host}` : words;

/** Where a person signs in. Most sign in at the first place, so the others are folded away. */
export function LoginPlace({ logins, entry, known, wrong, onChange }: PlaceProps) {
  const { words, say } = useWords();
  const { login } = words.choice;
  const [first] = logins.places;
  const data = [
    ...(known ? [{ value: '', label: login.asBefore }] : []),
    ...logins.places.map(({ kind, url }) => ({ value: url, label: labelOf(login.places[kind], kind, url) })),
    { value: OWN, label: login.own },
  ];
  const place = entry.place || (known ? '' : (first?.url ?? ''));
  return (
    <details className="more" open={wrong || undefined}>
      <summary>
        {login.where} <span className="meta">{data.find(({ value }) => value === place)?.label}</span>
      </summary>
      <div className="server-settings">
        <NativeSelect
          name="login"
          label={login.where}
          value={place}
          data={data}
          onChange={(event) => onChange({ ...entry, place: event.currentTarget.value })}
        />
        {place === OWN && (
          <TextInput
            name="login_address"
            label={login.address}
            placeholder={logins.example}
            value={entry.address}
            error={wrong && say(login.wrong, { example: logins.example })}
            onChange={(event) => onChange({ ...entry, address: event.currentTarget.value })}
          />
        )}
      </div>
    </details>
  );
}
