/** A bucket: its document with who set each field, and its timeline beside it. */
import { useState } from "preact/hooks";
import { BucketFrame } from "./bucket-frame.js";
import { DocumentTree } from "./document-tree.js";
import { Hot } from "./hot.js";
import { Statistics } from "./statistics.js";
import { TimeSlider } from "./time-slider.js";
import { Timeline } from "./timeline.js";

interface BucketPageProps {
  readonly namespace: string;
  readonly bucket: string;
}

export function BucketPage({ namespace, bucket }: BucketPageProps) {
  const [version, setVersion] = useState<number>();
  return (
    <BucketFrame namespace={namespace} bucket={bucket} tab="">
      <Hot.Provider value={{ version, setVersion }}>
        <div class="columns">
          <section aria-labelledby="document-title">
            <h2 id="document-title" class="quiet">
              Document
            </h2>
            <DocumentTree />
            <Statistics />
          </section>
          <section aria-labelledby="timeline-title">
            <h2 id="timeline-title" class="quiet">
              History
            </h2>
            <TimeSlider />
            <Timeline />
          </section>
        </div>
      </Hot.Provider>
    </BucketFrame>
  );
}
