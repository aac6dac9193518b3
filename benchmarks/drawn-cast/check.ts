/** Checks the cast on pictures that took no part in picking it; exit status 1 where someone would not be told apart. */
import { meanTemplate } from "@facekit/core";
import { cast, drawnDomainThresholds } from "@facekit/drawn-people";
import { between, makeAlbums, pairs, within } from "./album.js";
import { openPacks } from "./packs.js";
import { checkingPictures } from "./seeds.js";

const picturesEach = 12;
const enrolled = 3;

const packs = await openPacks();
const everyone = [...cast.members, ...cast.strangers];
const people = everyone.map(({ person }) => person);
const albums = await makeAlbums(packs, people, checkingPictures, picturesEach);
const missed = albums.reduce((sum, album) => sum + album.missed, 0);
console.log(`${everyone.length * picturesEach} pictures, ${missed} without exactly one face found`);

let faults = missed;
packs.forEach(({ embedder }, pack) => {
  const threshold = drawnDomainThresholds[embedder.space.id]?.threshold ?? 1;
  const templates = albums.map((album) => album.templates[pack] ?? []);
  const members = templates.slice(0, cast.members.length).map((own) => {
    const gallery = own.slice(0, enrolled);
    const mean = meanTemplate(gallery);
    return mean === undefined ? gallery : [...gallery, mean];
  });
  const nearest = (probe: Float32Array, gallery: readonly Float32Array[]): number =>
    Math.max(...gallery.map((template) => template.reduce((sum, value, i) => sum + value * (probe[i] ?? 0), 0)));
  const genuine: number[] = [];
  const impostor: number[] = [];
  templates.forEach((own, person) => {
    for (const probe of own.slice(enrolled)) {
      members.forEach((gallery, member) => {
        (member === person ? genuine : impostor).push(nearest(probe, gallery));
      });
    }
  });
  const wrong = genuine.filter((s) => s < threshold).length + impostor.filter((s) => s >= threshold).length;
  faults += wrong;
  console.log(embedder.space.id, {
    threshold,
    "lowest within a person": Math.min(...albums.flatMap((album) => within(album, pack))).toFixed(4),
    "highest between people": Math.max(...pairs(albums).flatMap(([a, b]) => between(a, b, pack))).toFixed(4),
    "lowest genuine, best of 3 templates and their mean": Math.min(...genuine).toFixed(4),
    "highest impostor, best of 3 templates and their mean": Math.max(...impostor).toFixed(4),
    decisions: genuine.length + impostor.length,
    wrong,
  });
});
process.exit(faults > 0 ? 1 : 0);
