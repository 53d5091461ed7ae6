import { failures } from './failures/ja.ts';
import type { ConnectWords } from './shape.ts';

export const words: ConnectWords = {
  providers: {
    imap: { name: 'メールサーバー', at: 'メールサーバー' },
    exchange: { name: 'Exchangeサーバー', at: 'Exchangeサーバー' },
  },
  atProvider: '{provider}',
  space: '',
  or: 'または',

  page: {
    language: '言語',
    help: 'ヘルプ',
    privacy: 'プライバシー',
    opening: 'リンクを開いています…',
    closePage: 'このページは閉じてかまいません。',
    tryAgain: 'もう一度試す',
    copy: '{what}をコピー',
    copied: 'コピーしました',
    errorCode: 'エラーコード',
    asksAgain: '{title}。このページは自動的に再試行します。',
    wentWrong: 'このページで問題が発生しました。再読み込みしてください。',
  },
  silence: { offline: 'オフラインです', mooring_unreachable: '{product}が応答しません' },

  connect: {
    heading: 'アカウントを接続',
    asks: '{tenant}が、メールボックスの接続をお願いしています。接続すると、届いたメッセージを{tenant}でも見られるようになります。',
    asksAccess: '{tenant}が、アカウントへのアクセスをお願いしています。',
    endAnyTime: '接続はいつでも解除できます。',
  },
  again: {
    heading: 'もう一度サインイン：{account}',
    sharedHeading: '{account}のために、もう一度サインイン',
    moveHeading: '接続方法の変更：{account}',
    healthyTitle: 'このアカウントは接続されています',
    healthy: '今は何もする必要はありません。アクセスを更新したい場合は、下からサインインしてください。',
    keeps: '{tenant}は引き続きアクセスできます。',
    since: '{when}から、新しいメッセージが{tenant}に届いていません。',
    thenFetched: 'サインインすると、届いていなかったメッセージが{tenant}に取り込まれます。失われるものはありません。',
    thenUsed: 'サインインすると、{tenant}で再び使えるようになります。',
  },
  causes: {
    access_ended: '{provider}がアクセスを終了しました。パスワードが変更されたか、アクセスの許可が取り消されています。',
    password_refused: '{provider}が{login}のパスワードを受け付けなくなりました。パスワードが変更されたと思われます。',
    password_changed: '{login}のパスワードが変更されたため、{provider}がサインインを受け付けなくなりました。',
    access_revoked: '{at}でアクセスの許可が取り消されました。',
    session_revoked: '{at}で{login}のすべてのサインインが終了したため、アクセスも終了しました。',
    token_idle_expired: 'アクセスが長い間使われなかったため、{provider}で期限切れになりました。',
    refresh_token_expired: 'アクセスの期限が切れました。{provider}では、ときどきサインインし直す必要があります。',
    mfa_required: '{provider}が、2段階認証によるサインインの確認を求めています。',
    conditional_access: '{at}の組織のサインイン規則により、アクセスが終了しました。',
    admin_consent_required: '{provider}が、組織の管理者によるアプリの承認を求めています。',
    admin_policy_enforced: '{at}の組織の規則により、このアプリは許可されていません。',
    insufficient_scope: '{at}で必要な許可が不足しています。チェックが入っていなかったか、許可が取り消されています。',
    account_disabled: '{provider}によると、アカウント{login}は無効になっています。',
    mailbox_unavailable: '{provider}へのサインインはできますが、{login}のメールボックスを開けません。',
    subscription_renewal_failed: '現在、{provider}から新着の通知が届いていません。',
    app_credentials_invalid: '現在、{provider}がこちらのアプリを受け付けていません。お客様側での対応は必要ありません。',
    refresh_outcome_unknown: '{at}でのアクセスの更新が途中で切れました。お客様の操作に問題はありません。',
    provider_unavailable: '現在、{provider}が正しく応答していません。',
    rate_limited: '{provider}から、アクセスの頻度を下げるよう求められています。',
    network: '現在、{provider}に接続できません。',
  },

  steps: {
    title: 'これからの流れ',
    signIn: '{at}にサインインします。パスワードがこちらに伝わることはありません。',
    signInAs: '{at}に{account}でサインインします。パスワードがこちらに伝わることはありません。',
    signInOwn:
      '{mailbox}へのアクセス権を持つご自身のアカウントで{at}にサインインします。パスワードがこちらに伝わることはありません。',
    allowRead: '{product}がメッセージを読むことを許可します。',
    allowSend: '{product}がメッセージを読み、お客様の名前で送信することを許可します。',
    enterPassword: 'パスワードを入力します。保存する前に、実際にサインインして確認します。',
    canSend: 'その後、{tenant}がメッセージを読み、お客様の名前でメールを送信できるようになります。',
    fromNowOn: 'それ以降に届くメッセージが{tenant}に表示されます。',
    canUse: 'それ以降、{tenant}でこのアカウントを使えるようになります。',
    missed: '届いていなかったメッセージが取り込まれる様子をここで確認できます。これで完了です。',
    canUseAgain: '{tenant}で再びこのアカウントを使えるようになります。これで完了です。',
    sameAccount: '同じアカウントかどうかを確認します。別のアカウントの場合、何も変更されません。',
    stays:
      'アカウントは、履歴と設定を保ったまま{tenant}に残ります。届いていなかったメッセージは取り込まれ、重複することはありません。',
    staysUsed: 'アカウントは、設定を保ったまま{tenant}に残ります。',
    wayBack: '1時間以内であれば、{tenant}は以前の接続方法に戻せます。その後、以前のアクセスは削除されます。',
  },

  change: {
    today: '{tenant}は、このアカウントに{access}で接続しています。',
    which: 'これからどの方法で接続しますか？',
    sameKind: '別のログイン情報、または別のサーバーで接続',
    another: '別の方法を選ぶ',
    moved: 'アカウントを移行しましたか？',
    movedHint: '接続方法が変わった場合は、ここで変更できます。履歴と設定はそのまま残ります。',
    before: 'これまでどおりサインイン',
    onlySame: '接続方法を変更できるのは、同じアカウントの場合だけです。',
    notThere: 'このアカウントのメッセージは、接続先に見つかりませんでした。',
  },

  choice: {
    whichAccount: 'アカウントの種類を選んでください',
    hints: {
      gmail: 'Gmail と Google Workspace（Google にサインインします）',
      microsoft: 'Microsoft 365 と Outlook.com（Microsoft にサインインします）',
      exchange: '組織の Exchange サーバー',
      imap: 'その他のメールボックス（IMAP）',
      salesforce: 'Salesforce（Salesforce にサインインします）',
    },
    noneOffered: 'このリンクで使えるアカウントの種類がありません。リンクの送信者にお問い合わせください。',
    continueWith: '{provider}で続ける',
    leaving: '{provider}を開いています…',
    signInAs: '{account}でサインイン',
    login: {
      where: 'サインインする場所',
      asBefore: '前回このアカウントでサインインした場所',
      places: { production: '本番環境、または開発者向けの組織', sandbox: 'Sandbox', domain: '所属する組織' },
      own: '組織独自のアドレス（私のドメイン）',
      address: '組織のアドレス',
      wrong: 'このアドレスではサインインできません。{example}のような形式です。',
    },
  },

  form: {
    username: 'メールアドレスまたはユーザー名',
    password: 'パスワード',
    showPassword: 'パスワードを表示',
    hidePassword: 'パスワードを隠す',
    notes: {
      app_password: '{name}では、アプリパスワードが必要です。アカウントのセキュリティ設定で作成できます。',
      switch_on: '先に{name}の設定でIMAPを有効にする必要があります。',
      own_password: '{name}では、メール専用のパスワードが必要です。',
      no_password:
        '{name}では、ここでパスワードを使えなくなりました。ほかの種類のアカウントを選べる場合は、そちらをお使いください。',
    },
    serverSettings: 'サーバー設定',
    foundByAddress: 'アドレスから自動で検出します',
    toBeEntered: '入力してください',
    imapServer: 'IMAPサーバー',
    smtpServer: 'SMTPサーバー',
    smtpFailed: '送信用サーバー：{sentence}',
    serverAddress: 'サーバーのアドレス',
    serverAddressEmpty: '空欄の場合は、メールアドレスから検出します。',
    basic: {
      title: 'パスワードに間違いはありませんか',
      sentence:
        '間違いがない場合は、Exchangeの手前にあるプロキシが原因かもしれません。サーバーはより単純なサインイン方法（Basic）にも対応しています。この方法では、パスワードそのものが暗号化された通信で送信されます。',
      tryIt: 'Basicでもう一度試す',
    },
    encryption: '暗号化',
    byPort: 'ポートに合わせる',
    port: 'ポート',
    sandbox: 'サンドボックスのメールボックスの場合、アカウントとサーバーは{page}で確認できます。',
    sandboxPage: 'サンドボックスのページ',
    testing: 'サインインを確認しています…',
    connect: '接続する',
    signIn: 'サインイン',
    safe: 'パスワードは、メッセージの取得処理だけが開ける形で保存されます。',
    check: '入力内容をご確認ください',
    fields: {
      username: 'ユーザー名を入力してください。通常はメールアドレスです（320文字まで）。',
      password: 'パスワードを入力してください（2,000文字まで）。',
      host: 'サーバー名だけを入力してください（例：imap.example.com）。「https://」やパスは付けず、ポートは専用の欄に入力してください。',
      port: 'ポートは1から65535までの整数です。メールサーバーでは993（TLS）または143（STARTTLS）が使われます。',
      security: 'TLS または STARTTLS を選んでください。',
    },
  },

  failures,
  failed: {
    openPage: '{provider}のページを開く',
    unknown: { title: 'うまくいきませんでした', sentence: '原因は不明です。少し待ってからもう一度お試しください。' },
    nothingStored: '何も保存されていません。',
  },
  mismatch: {
    title: '別のアカウントでした',
    signedInAs: 'サインインしたアカウント',
    linkIsFor: 'このリンクの対象',
    nothingChanged: '何も変更されていません。',
    switchAt:
      'ボタンを押して、{at}で{expected}を選んでください。一覧にない場合は「別のアカウントを使用」を選んでください。',
    switchLogin:
      '{received}には、{at}で{expected}へのアクセス権がありません。ボタンを押して、アクセス権のあるアカウントでサインインしてください。アクセス権は管理者が付与できます。',
    switchPassword: '{expected}のユーザー名とパスワードを入力してください。',
    loginAtServer: '{login}（{server}）',
    anotherAccount: '別のアカウント',
  },

  admin: {
    heading: '組織の管理者の方へ',
    handOver:
      'このリンクを管理者に送ってください。アプリが読める内容を示すページが開きます。こちらのアカウントは必要ありません：',
    link: '管理者用のリンク',
    write: '管理者にメールを書く',
    subject: '{product}の承認のお願い',
    body: 'お疲れさまです。\n\n{tenant}に私のメールボックスを接続するため、組織でのアプリの承認が必要です。アプリが読める内容は、次のページで確認できます。\n\n{url}\n\nよろしくお願いいたします。',
    isMe: '自分が管理者です',
    wait: '承認されたら、このページをもう一度開いてサインインしてください。リンクの有効期限は{when}です。',
    thanks: {
      title: 'ありがとうございます',
      sentence:
        'このリンクを送った方に、もう一度サインインするようお伝えください。サインインするとアカウントが接続されます。このページは閉じてかまいません。',
    },
    refused: {
      title: 'アプリは許可されませんでした',
      sentence:
        '何も変更されていません。管理者がアプリを許可するまで、アカウントは接続されません。同じリンクをもう一度開いて許可できます。',
    },
  },

  over: {
    unknown: {
      title: 'このリンクは見つかりません',
      sentence:
        'アドレスがすべてコピーされているかご確認ください。メールで届いた場合は、メールからもう一度開くか、新しいリンクをお求めください。',
    },
    used: {
      title: 'このリンクは使用済みです',
      sentence:
        'リンクでサインインできるのは1回だけで、すでに完了しています。まだうまくいかない場合は、新しいリンクをお求めください。',
    },
    usedBroken: {
      title: 'このリンクは使用済みです',
      sentence:
        '一度は接続されましたが、その後{account}でもう一度サインインが必要になりました。新しいリンクが必要です。',
    },
    expired: {
      title: 'このリンクは期限切れです',
      sentence: '安全のため、リンクには有効期限があります。何も変更されておらず、失われたものもありません。',
    },
    repaired: {
      title: 'もう何もする必要はありません',
      sentence: '{account}は{tenant}に再び接続されています。このリンクはもう必要ありません。',
    },
    disconnected: {
      title: 'このアカウントの接続は解除されています',
      sentence:
        '{account}の接続は解除されたため、サインインの必要はありません。再び接続するには、{tenant}に新しいリンクをお求めください。',
    },
    renew: '新しいリンクを送ってもらう',
    renewing: '新しいリンクを依頼しています…',
    renewed: {
      title: 'メールをご確認ください',
      sentence:
        'お客様宛てのリンクだった場合は、新しいリンクをお送りします。数分かかることがあります。迷惑メールフォルダーもご確認ください。',
    },
    orAsk: 'または、{tenant}に新しいリンクをお求めください。同じように使えます。',
  },

  done: {
    heading: '接続しました',
    first: '{account}が{tenant}に接続されました。',
    again: '{account}が{tenant}に再び接続されました。',
    fromNowOn: 'これから届くメッセージも表示されます。',
    looking: '届いていなかったメッセージを探しています…',
    soFar: { other: '届いていなかったメッセージを{count}件取り込みました' },
    ofAbout: { other: '届いていなかったメッセージ約{total}件のうち{count}件を取り込みました' },
    fetched: { other: '届いていなかったメッセージを{count}件取り込みました。' },
    earlier: { other: '以前のメッセージを{count}件取り込みました。' },
    none: '届いていなかったメッセージはありませんでした。',
    checked: 'メールボックスと照合しました。不足はありません。',
    skipped: { other: '{count}件は対象外です（その間に削除されたもの、迷惑メール、ゴミ箱、下書き）。' },
    missing: { other: '{count}件のメッセージはまだ取り込めていません。' },
    stalled: 'まだすべてを取り込めていません。自動的に再試行されます。',
    cancelled: '取り込みは停止されました。アカウントは接続されたままです。',
    progress: '届いていなかったメッセージ',
    silent: '{title}。残りの取り込みは続いています。接続が戻ると、このページに表示されます。',
    goesOn: 'このページを閉じても、処理は自動的に続きます。',
    jobDone: 'このリンクの役目は終わり、再び使うことはできません。',
    changedHeading: '接続方法を変更しました',
    changed: '{tenant}は、{account}に{access}で接続するようになりました。履歴と設定はそのままです。',
    comparing: 'メッセージを照合しています…',
    known: { other: '{count}件のメッセージは取り込み済みで、重複はありません。' },
  },
};
