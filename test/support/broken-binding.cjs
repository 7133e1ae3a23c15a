// Loaded before a program, makes every native addon one of another machine.
process.dlopen = () => {
  throw Object.assign(new Error("it was made for another machine"), { code: "ERR_DLOPEN_FAILED" });
};
