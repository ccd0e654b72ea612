// The worker that also validates all traffic with the generated Zod schemas, for tests: see audit.ts.

import { audit } from "./audit.js";
import { serve } from "./worker.js";

serve(audit);
