// Starts the page, and gives a browser test its hooks. They call what the buttons call.
//
// window.nwmPage = {
//   ready                       Promise: the room of the URL's hash (#segment, #drum, #learn; else #segment) is open
//   errors                      every sentence that was shown as an error
//   open(room)                  Promise: opens "segment", "drum" or "learn"
//   segment.choose(machine)     Promise: 0 polygons, 1 tetrominoes, 2 digits
//   segment.show(image)         Promise of {labels, milliseconds, height, width}: Float32Array (channels, H, W), run; labels of the last step
//   segment.example(seed)       Promise of {image, mask}: as the button, with that seed; run when it comes
//   segment.stepsPerSecond()    Promise of the steps of the wave field computed in a second while strokes are drawn
//   segment.label(steps)        Promise of a Uint8Array (H, W): what the machine says after that many steps
//   drum.shape(kind)            Promise: as drum_shape; 5 or 6: the pair
//   drum.strike(row, column)    Promise: in grid sites; the first drum, and its partner where there are two
//   drum.hear()                 Promise of {sites, areaHeard, share, longHeard, shortHeard, longTrue, shortTrue, tone, outlineArea}
//   drum.hearPair()             Promise of two of these
//   drum.energy()               Promise of the mean square of the displacement, after a frame is shown
//   learn.start(seed)           Promise: a new machine and new pictures
//   learn.epoch()               Promise of {epoch, loss, validation, iou, seconds}
// }
"use strict";

const openedRoom = async (name) => {
  if (shown !== name || !rooms[name].entered) await openRoom(name);
  await rooms[name].entered;
  return rooms[name];
};

window.nwmPage = {
  errors,
  open: openRoom,
  segment: {
    async choose(machine) {
      await (await openedRoom("segment")).choose(machine);
    },
    async show(image) {
      const room = await openedRoom("segment");
      await room.setImage(image);
      const {height, width} = room.sizes;
      return {labels: room.run.labels, milliseconds: room.run.milliseconds, height, width};
    },
    async example(seed) {
      return (await openedRoom("segment")).example(seed);
    },
    async stepsPerSecond() {
      const room = await openedRoom("segment"), {height, width, steps} = room.sizes, {tool} = room;
      if (room.running) await room.running;
      room.tool = "brush";
      const began = performance.now(), before = room.runs;
      // A circle, point by point, as a hand draws it. Each point asks for a run, as each point of a hand does.
      for (let i = 0; performance.now() - began < 2000; ++i) {
        const angle = i / 9;
        room.stroke(Math.round(height * (0.5 + 0.3 * Math.sin(angle))), Math.round(width * (0.5 + 0.3 * Math.cos(angle))), i === 0);
        await new Promise((next) => setTimeout(next, 16));
      }
      await room.running;
      room.tool = tool;
      return ((room.runs - before) * steps * 1000) / (performance.now() - began);
    },
    async label(steps) {
      const room = await openedRoom("segment");
      if (room.running) await room.running;
      return room.label(steps);
    },
  },
  drum: {
    async shape(kind) {
      await (await openedRoom("drum")).shape(kind);
    },
    async strike(row, column) {
      await (await openedRoom("drum")).strike(row, column);
    },
    async hear() {
      return (await openedRoom("drum")).hear();
    },
    async hearPair() {
      const room = await openedRoom("drum");
      if (!room.pair) await room.shape(pairKind);
      await room.hear();
      return room.heard;
    },
    async energy() {
      const room = await openedRoom("drum");
      if (room.moving) await room.frame();
      return room.energy();
    },
  },
  learn: {
    async start(seed) {
      await (await openedRoom("learn")).start(seed);
    },
    async epoch() {
      return (await openedRoom("learn")).epoch();
    },
  },
};
window.nwmPage.ready = startTabs();
window.nwmPage.ready.catch(() => {});  // it was told in the page
