// The worker's file: see worker.ts.

import { serve } from "./worker.js";

serve();
