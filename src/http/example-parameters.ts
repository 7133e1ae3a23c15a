/**
 * What stands in the examples of the documentation for parameters of paths, and for required ones of
 * queries, by name. Bodies name the same ids. A test puts in their place what there is.
 */
export const exampleParameters = {
  bucket_identifier: "product-videos",
  bucket_id: "bkt_01k7c2m5r8f4v0n3x6d9s1t7ah",
  object_identifier: "obj_01k7c2p9w3g6y1b4e8h5k2m0qd",
  blob_id: "blob_01k7c2p9w4j7z2c5f9j6m3n1re",
  batch_id: "btch_01k7c2rfx5k8a3d6g0k7n4p2sf",
  claim_id: "claim_01k7c2rfx6m9b4e7h1m8p5q3tg",
  upload_id: "upl_01k7c2t2y7n0c5f8j2n9q6r4vh",
  delivery_id: "dlv_01k7c2vdz8p1d6g9k3p0r7s5wj",
  connection_id: "conn_01k7c2wsa9q2e7h0m4q1s8t6xk",
  namespace_identifier: "ns_01k7c2x3b0q4g9m2p6s3v0w8zn",
  sync_config_id: "sync_01k7c2xq4d6s9h2m5p8t1w3z7c",
  task_id: "task_01k7c2y4b0r3f8j1n5r2t9v7ym",
  identifier: "whk_01k7c2z8d3v6h0n4s7x1c5j9qb",
  audit_id: "evt_01k7c2zgc1s4g9k2p6s3v0w8zn",
  signature: "Zk3Jb0q1yXo7m5VhT2r8uNf4wCe6sLaPdGiKxQzBtRE",
  hash: "1be2e452b46d7a0d9656bbb1f768e8248eba1b75baed65f5d99eafa948899a6a",
  size: "10",
  expires: "1790000000000",
  name: "view",
  version: "1",
  position: "1",
  from: "1",
  to: "1",
  level: "0",
  tile: "000.p/1",
} as const satisfies Readonly<Record<string, string>>;
