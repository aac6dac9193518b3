import * as P from "../../packages/drawn-people/src/index.js";
import { openEye, cosine, type SpaceId } from "./embed.js";
const eye=await openEye();
const N=40,K=3; const vs:any={"dlib-resnet-128":[],"retail-0095":[]}; let miss=0;
let td=0,te=0;
for(let i=0;i<N;i++){const person=P.personFromSeed(100+i); const ims=[];let t=Date.now();for(let k=0;k<K;k++)ims.push(await P.drawPortrait(person,P.conditionsFromSeed(i*10+k+9000)));td+=Date.now()-t;t=Date.now();
 const e=await eye.embedPictures(ims);te+=Date.now()-t;for(const s in vs)vs[s].push((e as any)[s]); miss+=e["retail-0095"].filter(x=>!x).length}
console.log("miss",miss,"draw",td/N/K,"embed",te/N/K);
for(const s in vs){const w:number[]=[],b:number[]=[];for(let i=0;i<N;i++)for(let j=i;j<N;j++)for(let k=0;k<K;k++)for(let l=0;l<K;l++){if(i===j&&l<=k)continue;const x=vs[s][i][k],y=vs[s][j][l];if(x&&y)(i===j?w:b).push(cosine(x,y))}
 const q=(a:number[],p:number)=>a.sort((x,y)=>x-y)[Math.floor(p*(a.length-1))]!.toFixed(3);
 console.log(s,"within",[0,.05,.5,1].map(p=>q(w,p)).join(" "),"between",[0,.5,.95,.99,.999,1].map(p=>q(b,p)).join(" "))}
