import { html as xml } from '../html.ts';
import type { HttpAnswer } from '../http-answer.ts';
import { TRANSPORT_FAULTS } from '../http-answer.ts';
import { bodyOf } from '../http-endpoint.ts';
import type { Endpoint, Service } from './endpoint.ts';
import { parseXml } from './soap/element.ts';

const RESPONSE = 'http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006';
const OUTLOOK = 'http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a';

/**
 * Autodiscover by POX, the address `/autodiscover/autodiscover.xml`.
 * https://learn.microsoft.com/exchange/client-developer/web-service-reference/pox-autodiscover-web-service-reference-for-exchange
 */
export function autodiscoverEndpoint({ store }: Service, ewsUrl: string): Endpoint {
  return {
    operation: () => 'Autodiscover',
    faults: () => TRANSPORT_FAULTS,
    answer(request) {
      const asked = parseXml(bodyOf(request))?.at('Autodiscover/Request');
      const email = asked?.textAt('EMailAddress');
      if (!asked || !email) return refused(600, 'Invalid Request');
      if (asked.textAt('AcceptableResponseSchema') !== OUTLOOK) return refused(601, 'Provider is not available');
      const account = store.account(email);
      if (!account) return refused(500, "The email address can't be found.");
      const protocol = xml`<Protocol><Type>EXCH</Type><Server>ex01.sandbox.example</Server><ASUrl>${ewsUrl}</ASUrl><EwsUrl>${ewsUrl}</EwsUrl></Protocol>`;
      return answered(
        xml`<Response xmlns="${OUTLOOK}"><User><DisplayName>${account.name ?? account.email}</DisplayName><AutoDiscoverSMTPAddress>${account.email}</AutoDiscoverSMTPAddress></User><Account><AccountType>email</AccountType><Action>settings</Action><MicrosoftOnline>False</MicrosoftOnline>${protocol}</Account></Response>`,
      );
    },
  };
}

function refused(code: number, message: string): HttpAnswer {
  return answered(
    xml`<Response><Error Time="12:00:00.0000000" Id="1"><ErrorCode>${code}</ErrorCode><Message>${message}</Message><DebugData/></Error></Response>`,
  );
}

function answered(response: ReturnType<typeof xml>): HttpAnswer {
  const whole = xml`<Autodiscover xmlns="${RESPONSE}">${response}</Autodiscover>`;
  return {
    status: 200,
    headers: { 'content-type': 'text/xml; charset=utf-8' },
    body: `<?xml version="1.0" encoding="utf-8"?>${whole.markup}`,
  };
}
