// The field for a handoff code: takes "482 913" from the clipboard or a scanner, shows two groups of three, sends six digits.
// Markup: <div data-module=js/code.js> around one <input inputmode="numeric" autocomplete="one-time-code"> in a form.
// data-send: submit the form as soon as the sixth digit is there. A button [data-scan] and a <video hidden> beside it are used where
// the browser can read QR codes; elsewhere the button stays hidden.
function format(digits) {
  return digits.length > 3 ? `${digits.slice(0, 3)} ${digits.slice(3)}` : digits;
}

async function scan(root, put) {
  const video = root.querySelector("video");
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  const stop = () => { stream.getTracks().forEach((track) => track.stop()); video.hidden = true; };
  addEventListener("pagehide", stop, { once: true });
  const look = async () => {
    if (video.hidden) return;
    const found = (await detector.detect(video)).map((code) => code.rawValue.match(/(\d{6})\D*$/)?.[1]).find(Boolean);
    if (found) { stop(); put(found); } else setTimeout(() => look().catch(stop), 150);
  };
  try {
    video.srcObject = stream;
    video.hidden = false;
    await video.play();
    await look();
  } catch (error) {
    stop();
    throw error;
  }
}

export function connect(root) {
  const input = root.querySelector("input:not([type=hidden])");
  const put = (text) => {
    const digits = text.replace(/\D/g, "").slice(0, 6);
    input.value = format(digits);
    if (digits.length === 6 && "send" in root.dataset) input.form.requestSubmit();
  };
  input.addEventListener("input", () => put(input.value));
  input.addEventListener("paste", (event) => { event.preventDefault(); put(event.clipboardData.getData("text")); });
  input.form.addEventListener("formdata", (event) => event.formData.set(input.name, input.value.replace(/\D/g, "")));
  const button = root.querySelector("[data-scan]");
  if (button && "BarcodeDetector" in window && navigator.mediaDevices) {
    button.hidden = false;
    button.addEventListener("click", () => scan(root, put).catch(() => { button.textContent = "The camera cannot be used here"; button.disabled = true; }));
  }
  if (input.value) input.value = format(input.value.replace(/\D/g, ""));
}
