import type { MailWords } from './mail-words.ts';

const JAPANESE = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}ー（）]/u;

/** A name in Latin letters stands apart from the words around it by a space; a Japanese one does not. */
function spaced(parts: TemplateStringsArray, ...given: (string | number)[]): string {
  const names = given.map(String);
  return parts.reduce((before, part, at) => {
    const name = names[at - 1] ?? '';
    const rest = JAPANESE.test(name.at(-1) ?? '') ? part.replace(/^ /, '') : part;
    const next = names[at] ?? '';
    return before + name + (JAPANESE.test(next[0] ?? '') ? rest.replace(/ $/, '') : rest);
  }, '');
}

const messages = (count: number) => `${count.toLocaleString('ja-JP')}件のメール`;

export const ja: MailWords = {
  betweenSentences: '',
  party: (name) =>
    name === null ? { subject: 'メールサーバー', at: 'メールサーバー' } : { subject: `${name} `, at: `${name} ` },
  greeting: ({ name }) => `${name} 様`,
  occasions: {
    sign_in: {
      subject: ({ tenant, mailbox }) => `【${tenant}】${mailbox} への再サインインのお願い`,
      title: () => '再度サインインしてください',
      lead: ({ tenant, mailbox }) => spaced`${tenant} とメールボックス ${mailbox} の接続が切れました。`,
    },
    change_access: {
      subject: ({ tenant, mailbox }) => `【${tenant}】${mailbox} の接続方法の変更のお願い`,
      title: () => '接続方法を変更してください',
      lead: ({ tenant, mailbox }) =>
        spaced`${tenant} は、メールボックス ${mailbox} にこれまでの方法で接続できなくなりました。`,
    },
    change_link: {
      subject: ({ tenant, mailbox }) => `【${tenant}】${mailbox} の新しいリンク`,
      title: () => '新しいリンクをお送りします',
      lead: ({ tenant, mailbox }) =>
        spaced`このリンクから、メールボックス ${mailbox} と ${tenant} の接続方法を変更できます。以前のリンクは使えなくなっています。`,
    },
    unreachable: {
      subject: ({ tenant, mailbox }) => `【${tenant}】${mailbox} を開けなくなりました`,
      title: () => 'メールボックスを開けなくなりました',
      lead: ({ tenant, mailbox }) =>
        spaced`${tenant} からメールボックス ${mailbox} を開けなくなりました。再度サインインしても解決しません。`,
    },
    approve: {
      subject: ({ tenant, mailbox }) => `【${tenant}】${mailbox} の接続に管理者の承認が必要です`,
      title: () => '管理者の承認が必要です',
      lead: ({ tenant, mailbox }) =>
        spaced`${tenant} がメールボックス ${mailbox} に接続するには、貴組織の管理者による承認が必要です。`,
    },
    reminder: {
      subject: ({ tenant, mailbox }) => `【${tenant}】リマインダー: ${mailbox} がまだ接続されていません`,
      title: () => 'まだ接続されていません',
      lead: ({ tenant, mailbox }) => spaced`${tenant} とメールボックス ${mailbox} は、まだ接続されていません。`,
    },
    recovered: {
      subject: ({ tenant, mailbox }) => `【${tenant}】${mailbox} の接続が回復しました`,
      title: () => '接続が回復しました',
      lead: ({ tenant, mailbox }) => spaced`メールボックス ${mailbox} は、${tenant} に再び接続されました。`,
    },
    expiring: {
      subject: ({ tenant, mailbox }) => `【${tenant}】${mailbox} へのアクセスの有効期限が近づいています`,
      title: () => 'アクセスの有効期限が近づいています',
      lead: ({ tenant, mailbox, until }) =>
        spaced`${tenant} からメールボックス ${mailbox} へのアクセスは、${until} に有効期限が切れます。`,
    },
    digest: {
      subject: ({ tenant, count }) => `【${tenant}】${count}件のメールボックスへの再サインインのお願い`,
      title: ({ count }) => `${count}件のメールボックスでサインインが必要です`,
      lead: ({ tenant, count }) =>
        spaced`${tenant} と${count}件のメールボックスの接続が切れました。それぞれに再度サインインしてください。`,
    },
    new_link: {
      subject: ({ tenant, mailbox }) => `【${tenant}】${mailbox} の新しいリンク`,
      title: () => '新しいリンクをお送りします',
      lead: ({ tenant, mailbox }) =>
        spaced`このリンクから、メールボックス ${mailbox} を ${tenant} に再接続できます。以前のリンクは使えなくなっています。`,
    },
    connect_link: {
      subject: ({ tenant }) => `【${tenant}】メールボックスを接続するための新しいリンク`,
      title: () => '新しいリンクをお送りします',
      lead: ({ tenant }) =>
        spaced`このリンクから、お使いのメールボックスを ${tenant} に接続できます。以前のリンクは有効期限が切れています。`,
    },
  },
  reasons: {
    password_changed: ({ provider, login }) =>
      `パスワードが変更されたため、${provider.subject}が ${login} のサインインを受け付けなくなりました。`,
    access_revoked: ({ provider }) => `${provider.at}側でアクセスの許可が取り消されました。`,
    session_revoked: ({ provider, login }) =>
      `${provider.at}で ${login} のすべてのセッションが終了し、このアクセスも無効になりました。`,
    token_idle_expired: ({ provider }) =>
      `長期間使用されなかったため、${provider.at}側でアクセスの有効期限が切れました。`,
    refresh_token_expired: ({ provider }) =>
      `アクセスの有効期限が切れました。${provider.subject}では定期的に再サインインが必要です。`,
    mfa_required: ({ provider, login }) => `${provider.subject}が、${login} のサインインに二段階認証を求めています。`,
    conditional_access: ({ provider }) =>
      `${provider.at}での貴組織のサインインポリシーにより、アクセスが終了しました。`,
    admin_consent_required: ({ provider }) => `${provider.subject}が、貴組織の管理者によるアプリの承認を求めています。`,
    admin_policy_enforced: ({ provider }) =>
      `${provider.at}での貴組織のポリシーにより、このアプリは許可されていません。`,
    insufficient_scope: ({ provider }) =>
      `${provider.at}で必要な権限が不足しています。許可のチェックが外れていたか、後から権限が取り消された可能性があります。`,
    account_disabled: ({ provider, login }) =>
      `${provider.subject}によると、アカウント ${login} は無効になっているか、削除されています。`,
    mailbox_unavailable: ({ provider, login }) =>
      `${provider.subject}へのサインインはできますが、${login} のメールボックスを開けません。`,
    subscription_renewal_failed: ({ provider }) => `${provider.subject}から新着メールの通知が届かなくなりました。`,
    app_credentials_invalid: ({ provider }) => `現在、${provider.subject}がアプリを受け付けていません。`,
    refresh_outcome_unknown: ({ provider }) =>
      `${provider.at}でのアクセスの更新中に通信が途切れました。お客様の操作に問題はありません。`,
    provider_unavailable: ({ provider }) => `現在、${provider.subject}から正常な応答がありません。`,
    rate_limited: ({ provider }) => `${provider.subject}からアクセスを控えるよう求められています。`,
    network: ({ provider }) => `現在、${provider.subject}に接続できません。`,
  },
  ambiguous: {
    grant: ({ provider }) =>
      `${provider.subject}側でアクセスが無効になりました。パスワードが変更されたか、アクセスの許可が取り消されたことが考えられます。`,
    password: ({ provider, login }) =>
      `${provider.subject}が ${login} のパスワードを受け付けなくなりました。パスワードが変更されたか、アカウントがロックされたことが考えられます。`,
  },
  withoutReason: ({ provider }) => `${provider.subject}に接続を拒否されました。理由は示されていません。`,
  ends: {
    refresh_token_expired: ({ provider }) => `${provider.subject}では定期的に再サインインが必要です。`,
    token_idle_expired: ({ provider }) => `${provider.subject}では、長期間使用されていないアクセスは失効します。`,
  },
  labels: { why: '原因', since: '発生日時', interrupted: '切断期間', until: '有効期限' },
  fromTo: ({ from, to }) => `${from} ～ ${to}`,
  tasks: {
    sign_in_grant: ({ provider, login }) =>
      `ページを開き、${provider.at}に ${login} でサインインしてください。1分ほどで完了します。`,
    sign_in_shared: ({ provider, mailbox }) =>
      `ページを開き、${mailbox} へのアクセス権を持つご自身のアカウントで${provider.at}にサインインしてください。1分ほどで完了します。`,
    sign_in_password: ({ login }) =>
      `ページを開き、${login} の現在のパスワードを入力してください。1分ほどで完了します。`,
    change_access: ({ login }) =>
      `ページを開き、${login} にこれから接続する方法を選んでください。履歴と設定はそのまま残ります。1分ほどで完了します。`,
    approve: ({ provider }) =>
      `ページを開いて内容を確認し、${provider.at}で承認してください。管理者権限が必要です。権限をお持ちでない場合は、このメールを社内のIT担当者にお見せください。`,
    ask_to_allow: ({ provider, login }) =>
      `${provider.at}の ${login} の管理者に、アクセスの許可をご依頼ください。設定またはポリシーにより、アプリやメールソフト（IMAP）からメールボックスを開けません。`,
    ask_administrator: ({ provider, login }) =>
      `${provider.at}の ${login} の管理者に、アカウントが現在も存在するかご確認ください。`,
  },
  buttons: {
    sign_in: '再度サインインする',
    approve: '確認して承認する',
    renew: 'アクセスを更新する',
    change_access: '接続方法を変更する',
    connect: '接続する',
  },
  buttonFor: ({ button, mailbox }) => `${button}: ${mailbox}`,
  safety: ({ host }) => `リンク先は ${host} です。パスワードをメールで送らないでください。`,
  fallback: 'ボタンが機能しない場合は、次のアドレスをブラウザーで開いてください。',
  outlook: {
    imports: '新着メールはメールボックスに残っており、失われることはありません。サインイン後に自動的に取り込まれます。',
    importsMissed: ({ count }) =>
      `${messages(count)}がメールボックスに残っており、失われることはありません。サインイン後に自動的に取り込まれます。`,
    works: ({ tenant }) => spaced`サインインすると、${tenant} でメールボックスを再び利用できます。`,
    approved: '承認されると自動的に接続されます。それまでの新着メールはメールボックスに残ります。',
    triedAgain: '接続は1時間ごとに再試行され、アカウントが使えるようになると自動的に回復します。',
    renewed: 'それまでに一度サインインすれば、接続は途切れません。',
    recovering: 'その間に届いたメールを取り込んでいます。',
    recoveredMissed: ({ count }) => `その間に届いた${messages(count)}を取り込みました。`,
    nothingToDo: 'お客様の操作は必要ありません。',
    ignore: 'リンクをご依頼でない場合は、このメールを無視してください。何も変更されません。',
  },
  several: 'これらのメールボックス',
  whys: {
    owner: ({ tenant, about }) => spaced`このメールは、${tenant} で ${about} を担当されている方にお送りしています。`,
    admin: ({ tenant, about }) => spaced`このメールは、${about} について ${tenant} の管理者の方にお送りしています。`,
    owner_silent: ({ tenant, about }) =>
      spaced`${about} の担当者がまだサインインしていないため、${tenant} の管理者の方にお送りしています。`,
    owner_left: ({ tenant, about }) =>
      spaced`${about} の担当者に連絡がつかないため、${tenant} の管理者の方にお送りしています。`,
    owner_unsubscribed: ({ tenant, about }) =>
      spaced`${about} の担当者がメールの受信を停止しているため、${tenant} の管理者の方にお送りしています。`,
    asked: ({ tenant }) =>
      spaced`このメールは、以前お送りした ${tenant} のリンク先のページで新しいリンクの依頼があったため、お送りしています。`,
  },
  stop: ({ about }) => spaced`${about} についてのメールを停止する`,
  stopMeans: '停止すると、代わりに管理者に通知されます。',
  sentBy: ({ product, tenant }) => spaced`${product}（${tenant} に代わって送信）`,
  support: 'ヘルプ',
  privacy: 'プライバシー',
};
