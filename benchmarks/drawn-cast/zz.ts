import sharp from "sharp";
import { writeFileSync } from "node:fs";
import * as P from "../../packages/drawn-people/src/index.js";
const t=Date.now(); const n=24; const ims=[];
for(let i=0;i<n;i++) ims.push(await P.drawPortrait(P.personFromSeed(i),P.conditionsFromSeed(i+5000)));
console.log((Date.now()-t)/n,"ms");
const s=await sharp({create:{width:8*250,height:3*300,channels:3,background:"white"}}).composite(await Promise.all(ims.map(async(b,i)=>({input:await sharp(b).resize(250,300).toBuffer(),left:i%8*250,top:Math.floor(i/8)*300})))).png().toBuffer();
writeFileSync("/tmp/dp/sheet.png",s);
