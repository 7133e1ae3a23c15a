/** The least that Node can do: reads and parses the patch, and answers a bucket. Keeps us honest. */
import { createServer } from "node:http";
import { bucketOf } from "../workload.js";
import { sayReady } from "./ready.js";

const bucket = { bucket_id: "bkt_01m8hykx28y9tsyaz7gy4r7qn5", ...bucketOf(1), status: "ACTIVE" };

const server = createServer((request, response) => {
  let text = "";
  request.setEncoding("utf8");
  request.on("data", (chunk) => {
    text += chunk;
  });
  request.on("end", () => {
    const patch = text === "" ? {} : JSON.parse(text);
    const body = JSON.stringify({ ...bucket, ...patch });
    response.writeHead(200, {
      "Content-Type": "application/json; charset=utf-8",
      "Content-Length": Buffer.byteLength(body),
    });
    response.end(body);
  });
});
sayReady(server);
