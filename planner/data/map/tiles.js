"use strict";
// Tiles from the network under the map, where the scenario asks for them; without an answer the map's own ground stays.

const OWN_GROUND = ["ground", "paths", "streets"]; // panes

class Tiles {
  constructor(review) {
    Object.assign(this, { review, map: review.map, asked: review.data.tiles, on: false, came: false, failed: false });
    $("tiles").hidden = !this.asked;
    if (!this.asked) return;
    const pane = this.map.createPane("tiles");
    pane.style.zIndex = 250;
    const { addresses, servers, deepest } = this.asked;
    this.layers = addresses.map((address) => L.tileLayer(address, { pane: "tiles", subdomains: servers, maxNativeZoom: deepest, maxZoom: 18 }));
    for (const layer of this.layers) {
      layer.on("tileload", () => { this.came = true; });
      layer.on("tileerror", () => { if (!this.came) this.fail(); });
    }
    $("tiles-shown").addEventListener("change", (event) => this.show(event.target.checked));
    this.show(true);
  }

  show(on) {
    if (on === this.on) return;
    this.on = on;
    this.failed = false;
    for (const layer of this.layers) this.review.toggle(layer, on);
    for (const name of OWN_GROUND) this.map.getPane(name).style.display = on ? "none" : "";
    $("tiles-shown").checked = on;
    this.write();
  }

  /** Nothing came: the map draws its own ground, and says why. */
  fail() {
    if (!this.on) return;
    this.show(false);
    this.failed = true;
    this.write();
  }

  write() {
    if (!this.asked) return;
    const { words } = this.review;
    $("tiles-note").textContent = words.say(this.failed ? "tiles_failed" : "tiles_note");
    $("tiles-credit").textContent = this.on ? words.say("tiles_credit") : "";
  }
}
