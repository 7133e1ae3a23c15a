/** The tabs of a bucket that list what belongs to it. */
import type { FunctionComponent } from "preact";
import { BatchesTab } from "./batches-tab.js";
import { BucketFrame } from "./bucket-frame.js";
import { DeliveriesTab } from "./deliveries-tab.js";
import { ObjectsTab } from "./objects-tab.js";
import { UploadsTab } from "./uploads-tab.js";

interface TabProps {
  readonly namespace: string;
  readonly bucket: string;
}

function tabPage(tab: string, Content: FunctionComponent) {
  return function TabPage({ namespace, bucket }: TabProps) {
    return (
      <BucketFrame namespace={namespace} bucket={bucket} tab={tab}>
        <Content />
      </BucketFrame>
    );
  };
}

export const ObjectsPage = tabPage("objects", ObjectsTab);
export const BatchesPage = tabPage("batches", BatchesTab);
export const UploadsPage = tabPage("uploads", UploadsTab);
export const DeliveriesPage = tabPage("deliveries", DeliveriesTab);
