/** The timeline alone, as wide as it goes. */
import { BucketFrame } from "./bucket-frame.js";
import { TimeSlider } from "./time-slider.js";
import { Timeline } from "./timeline.js";

interface HistoryPageProps {
  readonly namespace: string;
  readonly bucket: string;
}

export function HistoryPage({ namespace, bucket }: HistoryPageProps) {
  return (
    <BucketFrame namespace={namespace} bucket={bucket} tab="history">
      <section class="page narrow" aria-label="History">
        <TimeSlider />
        <Timeline />
      </section>
    </BucketFrame>
  );
}
