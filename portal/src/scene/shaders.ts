/** What the graphics card runs. Places are metres from the origin of the scene, before any exaggeration. */

import { STEP } from './mesher';

export const PLANES = 4;

/**
 * Cutting planes: a place is kept where it lies behind each that is on. `own` is the plane that a cap lies in.
 * Code that may drop pixels is there only where it is called for, by CUTS, SIFTS and GAPS: without it what is
 * hidden is left out before it is coloured.
 */
export const CUT = `
#ifdef CUTS
uniform vec4 planes[${PLANES}];
uniform float cutting[${PLANES}];
uniform int own;
bool isCutOff(vec3 place) {
  for (int n = 0; n < ${PLANES}; n++) {
    if (n != own && cutting[n] > 0.5 && dot(planes[n].xyz, place) > planes[n].w) return true;
  }
  return false;
}
#endif
`;

/** A pattern of dots by which something is seen through, without sorting. */
export const SIFT = `
#ifdef SIFTS
float bayer(ivec2 at) {
  int x = at.x ^ at.y;
  int sum = ((x & 1) << 3) | ((at.y & 1) << 2) | ((x & 2)) | ((at.y & 2) >> 1);
  return (float(sum) + 0.5) / 16.0;
}
bool isSifted(float opacity) {
  return opacity < bayer(ivec2(gl_FragCoord.xy) & 3);
}
#endif
`;

const CELLS = `
precision highp sampler3D;
uniform sampler3D codes;
uniform sampler3D doubts;
uniform sampler2D look;
uniform ivec3 size;
uniform float opacity;
uniform float trust;
uniform float least;
uniform float contacts;
int codeAt(vec3 cell) {
  ivec3 at = clamp(ivec3(floor(cell)), ivec3(0), size - 1);
  return int(texelFetch(codes, at, 0).r * 255.0 + 0.5);
}
float doubtAt(vec3 cell) {
  ivec3 at = clamp(ivec3(floor(cell)), ivec3(0), size - 1);
  return texelFetch(doubts, at, 0).r;
}
vec3 coloured(vec3 cell, vec4 found, int code, float light) {
  vec3 colour = found.rgb;
  if (contacts > 0.5) {
    int right = codeAt(cell + 0.8 * dFdx(cell));
    int above = codeAt(cell + 0.8 * dFdy(cell));
    if ((right != code && right != 0) || (above != code && above != 0)) colour *= 0.55;
  }
  return colour * light;
}
`;

/** Faces between what is shown and what is not. */
export const BODY = {
  vertex: `
in vec4 corner;
uniform vec3 spacing;
uniform vec3 low;
uniform float pixel;
out vec3 cell;
#ifdef CUTS
out vec3 place;
#endif
flat out float light;
const vec3 SUN = vec3(-0.453, -0.252, 0.855);
const float LEVEL = 0.80 + 0.20 * SUN.z;
void main() {
  int told = int(corner.w + 0.5);
  bool isStep = told >= ${STEP};
  int direction = isStep ? told - ${STEP} : told;
  int axis = direction / 2;
  float side = float(direction - 2 * axis) * 2.0 - 1.0;
  vec3 normal = vec3(axis == 0 ? side : 0.0, axis == 1 ? side : 0.0, axis == 2 ? side : 0.0);
  light = 0.80 + 0.20 * dot(normal, SUN);
  vec3 at = low + corner.xyz * spacing;
  cell = corner.xyz - 0.5 * normal;
  gl_Position = projectionMatrix * modelViewMatrix * vec4(at, 1.0);
  // Steps one cell high are a slope from afar: they are lit as such where they are but a few pixels high.
  float pixels = spacing.z * length(modelViewMatrix[2].xyz) / (pixel * gl_Position.w);
  if (isStep) light = mix(0.5 * (light + LEVEL), light, clamp((pixels - 2.0) / 4.0, 0.0, 1.0));
#ifdef CUTS
  place = at;
#endif
}`,
  fragment: `
in vec3 cell;
#ifdef CUTS
in vec3 place;
#endif
flat in float light;
out vec4 drawn;
${CUT}${SIFT}${CELLS}
void main() {
#ifdef CUTS
  if (isCutOff(place)) discard;
#endif
#ifdef SIFTS
  if (isSifted(opacity * mix(1.0, doubtAt(cell), trust))) discard;
#endif
  int code = codeAt(cell);
  drawn = vec4(coloured(cell, texelFetch(look, ivec2(code, 0), 0), code, light), 1.0);
}`,
};

/** A plane through the volume, which shows the cells that it cuts. */
export const CAP = {
  vertex: `
uniform vec3 spacing;
uniform vec3 low;
out vec3 cell;
#ifdef CUTS
out vec3 place;
#endif
void main() {
#ifdef CUTS
  place = position;
#endif
  cell = (position - low) / spacing;
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
}`,
  fragment: `
in vec3 cell;
#ifdef CUTS
in vec3 place;
#endif
out vec4 drawn;
uniform vec3 inward;
${CUT}${SIFT}${CELLS}
void main() {
  vec3 inside = cell + inward;
  if (any(lessThan(inside, vec3(0.0))) || any(greaterThanEqual(inside, vec3(size)))) discard;
#ifdef CUTS
  if (isCutOff(place)) discard;
#endif
  int code = codeAt(inside);
  vec4 found = texelFetch(look, ivec2(code, 0), 0);
  if (found.a < 0.5) discard;
#ifdef SIFTS
  float sure = doubtAt(inside);
  if (sure < least || isSifted(opacity * mix(1.0, sure, trust))) discard;
#endif
  drawn = vec4(coloured(inside, found, code, 1.0), 1.0);
}`,
};

/** A piece of a hole: a strip that always faces whoever looks, shaded as a tube. */
export const TUBE = {
  vertex: `
in vec3 start;
in vec3 end;
in vec2 texels;
in float hole;
uniform float radius;
uniform float pixel;
uniform float fewest;
uniform float chosen;
out float texel;
out float across;
#ifdef CUTS
out vec3 place;
#endif
void main() {
  vec4 from = modelViewMatrix * vec4(start, 1.0);
  vec4 to = modelViewMatrix * vec4(end, 1.0);
  vec4 middle = mix(from, to, position.y);
  vec3 axis = to.xyz - from.xyz;
  vec3 side = cross(axis, middle.xyz);
  float size = length(side);
  side = size > 0.0 ? side / size : vec3(1.0, 0.0, 0.0);
  float thick = hole == chosen ? 2.0 : 1.0;
  float width = thick * max(radius, fewest * pixel * -middle.z);
  texel = mix(texels.x, texels.y, position.y);
  across = position.x;
#ifdef CUTS
  place = mix(start, end, position.y);
#endif
  gl_Position = projectionMatrix * vec4(middle.xyz + side * width * position.x, 1.0);
}`,
  fragment: `
in float texel;
in float across;
#ifdef CUTS
in vec3 place;
#endif
out vec4 drawn;
uniform sampler2D logs;
uniform int wide;
uniform float opacity;
${CUT}${SIFT}
void main() {
#ifdef CUTS
  if (isCutOff(place)) discard;
#endif
#ifdef SIFTS
  if (isSifted(opacity)) discard;
#endif
  int at = int(floor(texel));
  vec4 found = texelFetch(logs, ivec2(at % wide, at / wide), 0);
#ifdef GAPS
  if (found.a < 0.25 || (found.a < 0.75 && abs(across) > 0.5)) discard;
#endif
  drawn = vec4(found.rgb * (0.62 + 0.38 * sqrt(max(0.0, 1.0 - across * across))), 1.0);
}`,
};

/** Points as discs: samples, and the tops of holes. */
export const DISC = {
  vertex: `
in vec3 tint;
uniform float radius;
uniform float pixel;
uniform float fewest;
uniform float limit;
out vec3 colour;
#ifdef CUTS
out vec3 place;
#endif
void main() {
  vec4 seen = modelViewMatrix * vec4(position, 1.0);
  colour = tint;
#ifdef CUTS
  place = position;
#endif
  gl_Position = projectionMatrix * seen;
  gl_PointSize = clamp(2.0 * radius / (pixel * -seen.z), fewest, limit);
}`,
  fragment: `
in vec3 colour;
#ifdef CUTS
in vec3 place;
#endif
out vec4 drawn;
uniform float opacity;
${CUT}${SIFT}
void main() {
  vec2 at = gl_PointCoord * 2.0 - 1.0;
  float off = dot(at, at);
  if (off > 1.0) discard;
#ifdef CUTS
  if (isCutOff(place)) discard;
#endif
#ifdef SIFTS
  if (isSifted(opacity)) discard;
#endif
  drawn = vec4(colour * (off > 0.6 ? 0.55 : 1.0), 1.0);
}`,
};
