// The worker that also judges all traffic by the generated Zod schemas, for tests: see audit.ts.

import { audit } from "./audit.js";
import { serve } from "./worker.js";

serve(audit);
