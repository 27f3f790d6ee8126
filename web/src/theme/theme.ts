// Mantine's part of the look: the rest is in theme/*.css on the same variables.
import { createTheme, type MantineColorsTuple } from "@mantine/core";

const ink: MantineColorsTuple = [
  "#eaf1f9",
  "#d3e1f0",
  "#a6c1e0",
  "#769fd0",
  "#4e83c2",
  "#3471ba",
  "#0b5394",
  "#0a4a85",
  "#083f72",
  "#05305a",
];

export const theme = createTheme({
  fontFamily: '"Socai Digits", "Be Vietnam Pro", system-ui, sans-serif',
  colors: { ink },
  primaryColor: "ink",
  primaryShade: 6,
  defaultRadius: 4,
  fontSizes: { xs: "11px", sm: "12.5px", md: "13px", lg: "15px", xl: "18px" },
  headings: { fontWeight: "600" },
  focusRing: "auto",
  respectReducedMotion: true,
});
