// Judges cards (an array of pass.json on standard input) by the strict schemas of passkit-generator,
// which nothing else of ours uses; prints what it says of each, nothing where it takes one.
const path = require("node:path");
const schemas = require(path.resolve("node_modules/passkit-generator/lib/cjs/schemas/index.js"));

const said = JSON.parse(require("node:fs").readFileSync(0, "utf8")).map((card) => {
  const { storeCard, barcodes = [], formatVersion, ...props } = card;
  try {
    schemas.assertValidity(schemas.PassProps, { ...props, formatVersion, storeCard, barcodes });
    for (const barcode of barcodes) schemas.assertValidity(schemas.Barcode, barcode);
    for (const fields of Object.values(storeCard))
      for (const field of fields) schemas.assertValidity(schemas.PassFieldContent, field);
    return "";
  } catch (error) {
    return String(error.message);
  }
});
console.log(JSON.stringify(said));
