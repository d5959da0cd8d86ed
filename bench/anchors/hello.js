// J: Bolt for JavaScript as its guide shows it, with fifty listeners. It records nothing.
const { App } = require('@slack/bolt');

const app = new App({
  token: process.env.SLACK_BOT_TOKEN,
  signingSecret: process.env.SLACK_SIGNING_SECRET,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL },
});

for (let number = 0; number < 48; number += 1) {
  app.action(`button_${number}`, async ({ ack }) => {
    await ack();
  });
}

app.action('button_click', async ({ body, ack, say }) => {
  await ack();
  await say(`<@${body.user.id}> clicked the button`);
});

app.command('/echo', async ({ command, ack, respond }) => {
  await ack();
  await respond(`${command.text}`);
});

(async () => {
  await app.start({ port: Number(process.env.PORT), host: '127.0.0.1' });
})();
