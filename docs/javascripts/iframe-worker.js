// Search in pages that are opened from the disk. A browser starts no worker from a file, so the theme's worker
// runs in a hidden frame, which has the same messages. Kept here, so that the site asks no other server for it.
"use strict";

class FrameWorker extends EventTarget {
  constructor(address) {
    super();
    const frame = document.createElement("iframe");
    frame.hidden = true;
    document.body.append(frame);
    this.inside = frame.contentWindow;
    const page = this.inside.document;
    page.open();
    this.inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
    page.write("<!doctype html><title>search</title><body></body>");
    page.close();
    this.ready = new Promise((started, failed) => {
      const script = page.createElement("script");
      script.onload = started;
      script.onerror = () => failed(new Error(`${address} cannot be loaded`));
      script.src = new URL(address, location.href).href;
      page.body.append(script);
    });
  }

  postMessage(data) {
    this.ready.then(() => this.inside.dispatchEvent(new this.inside.MessageEvent("message", { data })));
  }
}

if (location.protocol === "file:") {
  window.Worker = FrameWorker;
}
