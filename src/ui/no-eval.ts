/**
 * The first script of the document, before any that makes schemas: they are not compiled to code,
 * because the policy of the page lets nothing evaluate text.
 */
import { config } from "zod";

config({ jitless: true });
