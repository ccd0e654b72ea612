// The worker with the generated Zod schemas at its door, for tests: see audit.ts.

import { audit } from "./audit.js";
import { serve } from "./worker.js";

serve(audit);
