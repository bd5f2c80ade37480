// What the order earned. Our backend makes the sentences, in the buyer's language, and the session
// token says who asks. While it has not heard of the order, it is asked a few times more. Whatever
// fails, the merchant's page shows nothing of it.
import { BACKEND } from './backend.js';

const PAUSES = [3000, 6000, 12000];
const WAIT = 4000;

export default async () => {
  const section = document.createElement('s-section');
  section.append(document.createElement('s-skeleton-paragraph'));
  document.body.append(section);
  for (const pause of [...PAUSES, 0]) {
    const told = await ask().catch(() => undefined);
    if (!told) return section.remove();
    show(section, told);
    if (told.state != 'pending' || !pause) return;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
};

async function ask() {
  const address = new URL('/checkout/widgets/post_purchase', BACKEND);
  const order = shopify.orderConfirmation?.value?.order.id ?? shopify.order?.value?.id ?? '';
  address.searchParams.set('order', order);
  address.searchParams.set('locale', shopify.localization.language.value.isoCode);
  const answer = await fetch(address, {
    headers: { Authorization: `Bearer ${await shopify.sessionToken.get()}` },
    signal: AbortSignal.timeout(WAIT),
  });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.json();
}

function show(section, { heading, lines, join, wallet }) {
  const home = shopify.shop?.storefrontUrl;
  section.setAttribute('heading', heading);
  section.replaceChildren(...lines.map((line) => said('s-paragraph', line)));
  if (join && home) section.append(link(join.label, new URL(join.path, home)));
  if (wallet) section.append(link(wallet.label, new URL(wallet.url)));
}

function said(name, text) {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}

function link(label, url) {
  const element = said('s-link', label);
  element.setAttribute('href', url.href);
  return element;
}
