/** Small pictures of numbers over time, with what they show in words. */

const height = 24;

interface BarsProps {
  readonly values: readonly number[];
  readonly label: string;
}

/** A bar for each value; none for nothing. */
export function Bars({ values, label }: BarsProps) {
  const most = Math.max(...values, 1);
  return (
    <svg
      class="plot"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${values.length} ${height}`}
      preserveAspectRatio="none"
    >
      <title>{label}</title>
      {values.map((value, index) => {
        const tall = (value / most) * height;
        return value === 0 ? null : (
          <rect key={index} x={index} y={height - tall} width={0.8} height={tall} />
        );
      })}
    </svg>
  );
}

interface StepsProps {
  readonly from: number;
  readonly to: number;
  /** Oldest first; each holds until the next. */
  readonly points: readonly { readonly at: number; readonly value: number }[];
  readonly label: string;
}

const width = 200;

/** A line that goes on as it was until the next point. */
export function Steps({ from, to, points, label }: StepsProps) {
  const most = Math.max(...points.map(({ value }) => value), 1);
  const x = (at: number) => ((at - from) / Math.max(to - from, 1)) * width;
  const y = (value: number) => height - (value / most) * (height - 1);
  const path = points.map(({ at, value }) => `H${x(at).toFixed(1)}V${y(value).toFixed(1)}`);
  return (
    <svg
      class="plot"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
    >
      <title>{label}</title>
      <path d={`M0 ${height}${path.join("")}H${width}`} />
    </svg>
  );
}
