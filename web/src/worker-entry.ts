// The entry point of the worker: see worker.ts.

import { serve } from "./worker.js";

serve();
